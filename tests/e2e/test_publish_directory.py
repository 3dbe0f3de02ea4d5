"""Files of http-01 in a directory that a web server shows, written by the real courier beside hostile neighbours."""
import contextlib
import os
import stat
import threading

import pytest
from harness.part import Part, Refused

TOKEN, VALUE = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA", "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA.thumbprint"


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "challenges"
    path.mkdir()
    return path


@pytest.fixture
def courier(tmp_path, directory):
    with contextlib.ExitStack() as running:
        before = os.umask(0o077)  # a careful operator's: web servers must still read what it writes
        try:
            part = running.enter_context(Part("courier", tmp_path, {"publish.directory": str(directory)}))
        finally:
            os.umask(before)
        yield part


def change(part, name=TOKEN, value=VALUE, remove=0):
    return part.ask("publish", {"way": "directory", "remove": remove, "name": name, "value": value})


def names(directory):
    return sorted(p.name for p in directory.iterdir())


def test_a_file_comes_and_goes(courier, directory):
    for _ in range(2):
        change(courier)
        assert (directory / TOKEN).read_text() == VALUE and names(directory) == [TOKEN]
        assert stat.S_IMODE((directory / TOKEN).stat().st_mode) == 0o644
    for _ in range(2):
        change(courier, remove=1)
        assert names(directory) == []


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/x", ".hidden", "a.b", "a\nb", "ä", "x" * 201, "a b", "a%2fb"])
def test_names_that_are_no_tokens(courier, directory, name):
    for remove in (0, 1):
        with pytest.raises(Refused) as why:
            change(courier, name=name, remove=remove)
        assert why.value.id == "publish.directory"
    assert names(directory) == [] and names(directory.parent) == sorted(["challenges", "courier.log"])


def test_a_symbolic_link_in_our_place_leads_nowhere(courier, directory, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (directory / TOKEN).symlink_to(victim)
    change(courier)
    assert victim.read_text() == "precious" and not (directory / TOKEN).is_symlink() and (directory / TOKEN).read_text() == VALUE
    (directory / TOKEN).unlink()
    victim.write_text(VALUE)  # even when it has our content
    (directory / TOKEN).symlink_to(victim)
    change(courier, remove=1)
    assert victim.read_text() == VALUE and (directory / TOKEN).is_symlink()


def test_what_somebody_else_put_in_our_place_is_left(courier, directory):
    (directory / TOKEN).mkdir()
    with pytest.raises(Refused) as why:
        change(courier)
    assert why.value.id == "publish.directory" and names(directory) == [TOKEN]
    change(courier, remove=1)
    assert (directory / TOKEN).is_dir()
    (directory / TOKEN).rmdir()
    (directory / TOKEN).write_text("not ours")
    change(courier, remove=1)
    assert (directory / TOKEN).read_text() == "not ours"
    (directory / TOKEN).unlink()
    os.mkfifo(directory / TOKEN)  # nobody waits for its other end
    change(courier, remove=1)
    assert names(directory) == [TOKEN]
    assert "publish.not-ours" in courier.log()


def test_readers_see_all_of_it_or_nothing(courier, directory):
    """It is never half written: a reader in a loop sees no other content."""
    seen, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            try:
                seen.add((directory / TOKEN).read_text())
            except FileNotFoundError:
                continue

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(100):
        change(courier)
        change(courier, remove=1)
    stop.set()
    reader.join()
    assert seen <= {VALUE}


def test_nothing_else_can_be_written(courier, directory, tmp_path):
    """The directory was moved away and a link is in its place: the files go where they always went."""
    directory.rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    directory.symlink_to(tmp_path / "elsewhere")
    change(courier)
    assert names(tmp_path / "elsewhere") == [] and names(tmp_path / "moved") == [TOKEN]


def test_a_directory_that_is_none(tmp_path):
    for path in (tmp_path / "absent", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(AssertionError, match="config.directory"):
            Part("courier", tmp_path, {"publish.directory": str(path)}).start()


def test_none_is_configured(tmp_path):
    with Part("courier", tmp_path) as part:
        with pytest.raises(Refused) as why:
            change(part)
        assert why.value.id == "publish.directory"
