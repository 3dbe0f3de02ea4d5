"""The test's own servers answer as the tests rely on; without them no other result means anything."""
import os
import signal
import smtplib
import ssl
import subprocess
import types

import dns.rdatatype
import pytest
import requests
from harness.net import Trap, can_connect, wait_for
from harness.service import SANITIZER, Service


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


def test_a_process_is_gone_when_it_has_closed_what_it_had_open(tmp_path):
    service, stranger = Service(tmp_path), subprocess.Popen(["sleep", "60"])
    parent = subprocess.Popen(["sh", "-c", "sleep 60 & wait"])
    service.proc = types.SimpleNamespace(pid=parent.pid)
    try:
        members = wait_for("the child", service.births)
        assert len(members) == 1 and not service.gone(members)
        assert service.gone(dict.fromkeys(members, "0")), "the number was given to another process"
        assert service.gone({stranger.pid: None}), "it had ended when we looked"
        me = {stranger.pid: service._birth(stranger.pid)}
        stranger.kill()
        wait_for("a zombie, which has nothing open", lambda: service.gone(me))
    finally:
        for process in (parent, stranger):
            process.kill()
            process.wait()
        for pid in members:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("code,report", [("int x = 2147483647; x += argc; return x == 1;", "undefined"),
                                         ("char *p = malloc(1); free(p); return *p;", "address"),
                                         ("return ((volatile char *)16)[argc];", "address"),
                                         ("void *volatile p = malloc(1); p = NULL; return p != NULL;", "address")])
def test_what_a_sanitizer_says_is_seen(tmp_path, code, report):
    (tmp_path / "x.c").write_text("#include <stdlib.h>\nint main(int argc, char **argv) { (void)argv; (void)argc; " + code + " }\n")
    subprocess.run(["cc", "-w", f"-fsanitize={report}", "-o", tmp_path / "x", tmp_path / "x.c"], check=True)
    done = subprocess.run([tmp_path / "x"], capture_output=True, text=True, check=False)
    assert SANITIZER.search(done.stderr), done.stderr
