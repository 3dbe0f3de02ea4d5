"""More users of one account."""
from .api import PASSWORD, Api, unique_email


def invited(world, account, role):
    """A second user of the account, through the mailed invitation. A session of that user."""
    email = unique_email()
    account.post("/users", {"email": email, "role": role}, 201)
    token = world.smtp.wait(email, match="/#/invite/").token("invite")
    api = Api(world.service)
    api.post("/users/accept", {"token": token, "password": PASSWORD}, 200)
    api.login(email)
    return api
