"""The test's own servers answer as the tests rely on; without them no other result means anything."""
import smtplib
import ssl

import dns.rdatatype
import requests
from harness.net import Trap, can_connect


def _types(answer):
    return {dns.rdatatype.to_text(r.rdtype) for r in answer.answer}


def test_dns_answers_are_signed_and_the_broken_zones_are_broken(dns):
    assert _types(dns.ask("www.good.test")) == {"A", "RRSIG"}
    assert _types(dns.ask("www.unsigned.test")) == {"A"}
    assert dns.ask("servfail.test", "CAA").rcode() == 2
    assert dns.ask("nosuch").rcode() == 3


def test_dns_records_change_at_test_time(dns):
    dns.publish_txt("_autocsr.change.good.test", "one")
    dns.publish_txt("_autocsr.change.good.test", "two")
    assert '"two"' in dns.ask("_autocsr.change.good.test", "TXT").answer[0].to_text()
    assert '"one"' not in dns.ask("_autocsr.change.good.test", "TXT").answer[0].to_text()


def test_web_serves_by_host_and_counts(web):
    web.publish("a.good.test", "/x", "hello")
    got = requests.get(f"http://127.0.0.1:{web.port}/x", headers={"Host": "a.good.test"}, timeout=5)
    assert got.text == "hello" and web.seen("a.good.test") == ["/x"]
    assert requests.get(f"http://127.0.0.1:{web.port}/x", headers={"Host": "b.good.test"}, timeout=5).status_code == 404


def test_smtp_wants_starttls_and_keeps_the_mail(smtp):
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=5) as client:
        assert client.docmd("MAIL FROM:<a@b.test>")[0] == 530
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=5) as client:
        client.starttls(context=ssl.create_default_context(cafile=smtp.ca_file))
        client.sendmail("a@b.test", ["harness@mail.test"], "Subject: hi\r\n\r\nbody\r\n")
    assert smtp.wait("harness@mail.test").tls


def test_smtp_can_be_down_and_come_back(test_pki):
    from harness.smtp import SmtpSink
    sink = SmtpSink(test_pki)
    sink.down()
    assert not can_connect(sink.port)
    sink.up()
    assert can_connect(sink.port)
    sink.close()


def test_trap_counts_connections():
    trap = Trap()
    assert trap.connects() == 0
    assert can_connect(trap.port)
    assert trap.connects() == 1
    trap.close()
