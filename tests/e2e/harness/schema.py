"""The published JSON schemas (docs/schema): what the toolkit prints is held against them."""
import json

from .service import REPO

DOCUMENTS = {path.stem: json.loads(path.read_text()) for path in sorted((REPO / "docs" / "schema").glob("*.json"))}


def validators():
    """One validator a schema; both old and new versions of python3-jsonschema."""
    import jsonschema
    by_id = {schema["$id"]: schema for schema in DOCUMENTS.values()}
    try:
        from referencing import Registry, Resource
        registry = Registry().with_resources([(i, Resource.from_contents(s)) for i, s in by_id.items()])
        return {n: jsonschema.Draft202012Validator(s, registry=registry) for n, s in DOCUMENTS.items()}
    except ImportError:
        return {n: jsonschema.Draft202012Validator(s, resolver=jsonschema.RefResolver(s["$id"], s, store=by_id))
                for n, s in DOCUMENTS.items()}


_made = {}


def conforms(name, document):
    """Asserts that a document is what its schema promises: nothing missing, nothing more."""
    if not _made:
        _made.update(validators())
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in _made[name].iter_errors(document)]
    assert not errors, f"{name}: " + "\n".join(errors[:5])
    return document


# What each toolkit command prints with --json; show and its kin print the document of "show" for more than one object.
COMMANDS = {("show",): ["show"], ("csr", "show"): ["csr", "show"], ("cert", "show"): ["certificates", "show"], ("crl", "show"): ["crl", "show"],
            ("key", "show"): ["key", "show"], ("csr", "check"): ["csr-check"], ("csr", "new"): ["csr-new"], ("key", "check"): ["key-check"],
            ("match",): ["match"], ("cert", "verify"): ["cert-verify"], ("cert", "convert"): ["convert"], ("convert",): ["convert"],
            ("archive", "show"): ["archive"], ("archive", "open"): ["archive"], ("archive", "make"): ["archive-make"],
            ("forensic",): ["forensic"], ("receipt", "verify"): ["receipt-verify"]}


def conforms_to_command(words, document):
    """Every document that a test happens to ask a toolkit command for is held against its schema."""
    plain = tuple(str(w) for w in words if str(w) != "--json")
    names = COMMANDS.get(plain[:2]) or COMMANDS.get(plain[:1])
    if names is None or "--help" in plain or not isinstance(document, dict):
        return
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        return
    if str(document.get("type", "")).startswith("urn:autocsr:error:"):
        conforms("problem", document)
    else:
        conforms("show" if "show" in names and {"objects", "error"} & set(document) else names[0], document)
