"""`doorstroom beds`, `slots` and `offers` against everything in one process: what a user sees, and what a script."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.conftest import Entered, Program


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a running one, and its folder of tokens."""
    data = tmp_path_factory.mktemp("remote")
    program = Program("run", "--port", "0", "--data", str(data))
    try:
        program.until("Try it yourself")
        yield program.root, data / "tokens"
    finally:
        program.stop()
        program.close()


@pytest.fixture
def as_(installation: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entered: Entered) -> Entered:
    """Enters a command line as somebody."""
    root, tokens = installation
    monkeypatch.setenv("DOORSTROOM_CONFIG", str(tmp_path / "config.toml"))

    def enter(who: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("DOORSTROOM_URL", root)
        monkeypatch.setenv("DOORSTROOM_TOKEN_FILE", str(tokens / who))
        return entered(*arguments)

    return enter


def one_line(answer: tuple[int, str, str], code: int, text: str) -> None:
    assert answer[0] == code, answer
    assert answer[2].startswith("doorstroom: "), answer
    assert answer[2].count("\n") == 1, answer
    assert text in answer[2], answer


def test_a_bed_is_posted_listed_affirmed_and_withdrawn(as_: Entered) -> None:
    """In words for people, in JSON for programs."""
    unit = as_("shelter-zuid", "beds", "list", "--state", "out_of_service", "--ids")[1].split()[0]
    code, said, _ = as_("shelter-zuid", "beds", "post", unit, "--hours", "48", "--json")
    assert code == 0
    vacancy = json.loads(said)["vacancyId"]
    units = json.loads(as_("shelter-zuid", "beds", "list", "--json")[1])
    assert vacancy in {one["vacancyId"] for one in units}
    assert vacancy in as_("shelter-zuid", "beds", "list")[1]
    assert vacancy in as_("shelter-zuid", "beds", "affirm", vacancy)[1]
    affirmed = json.loads(as_("shelter-zuid", "beds", "affirm", "--all", "--json")[1])
    assert vacancy in {one["vacancyId"] for one in affirmed}
    one_line(as_("shelter-zuid", "beds", "post", unit), 6, "already")
    code, said, _ = as_("shelter-zuid", "beds", "withdraw", vacancy, "--reason", "safety")
    assert (code, said) == (0, f"withdrawn: unit {unit} is out_of_service\n")
    one_line(as_("shelter-zuid", "beds", "withdraw", vacancy), 6, "withdrawn")


def test_a_home_is_opened_accepted_claimed_and_lived_in(as_: Entered) -> None:
    """By a municipality and the coordinator whose household is next."""
    slot = json.loads(as_("GM0363", "slots", "open", "--places", "3", "--json")[1])["slotId"]
    one_line(as_("GM0363", "slots", "housed", slot), 5, "no claim of yours")
    accepted = None
    for _attempt in range(200):
        for who in ("coordination-noord", "coordination-midden", "coordination-zuid", "comensha"):
            offers = json.loads(as_(who, "offers", "list", "--json")[1])
            homes = [offer["offerId"] for offer in offers if offer["kind"] == "housing"]
            if homes:
                accepted = as_(who, "offers", "accept", homes[0])
                one_line(as_(who, "offers", "decline", homes[0], "--reason", "other"), 6, "")
                break
        if accepted:
            break
    assert accepted is not None
    assert accepted[1].startswith("accepted: offer ")
    for _attempt in range(200):
        (found,) = [one for one in json.loads(as_("GM0363", "slots", "list", "--json")[1]) if one["slotId"] == slot]
        if found["accepted"]:
            break
    code, said, _ = as_("GM0363", "slots", "claim", slot)
    assert (code, said.startswith("claimed: ")) == (0, True)
    code, said, _ = as_("GM0363", "slots", "housed", slot)
    assert (code, said.startswith("housed: ")) == (0, True)
    other = json.loads(as_("GM0363", "slots", "open", "--places", "1", "--json")[1])["slotId"]
    assert as_("GM0363", "slots", "withdraw", other)[1] == f"withdrawn: slot {other}\n"


def test_what_happens_is_watched_from_where_one_was(as_: Entered) -> None:
    """A line for each, or an object; with the number to go on from."""
    code, said, _ = as_("comensha", "offers", "watch", "--after", "0", "--count", "2")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()] == ["1", "2"]
    code, said, _ = as_("comensha", "offers", "watch", "--after", "1", "--count", "1", "--json")
    assert json.loads(said)["sequence"] == 2


FAULTY = """unit;facility;programme;places;sexes;age_bands;children;kept_for_places;available_from;lease_hours
secret-unit;;;;;;;;;0
;;cosm;99;femal;;maybe;;someday;
;secret-place;cosm;2;all;all;yes;3;;
"""


def test_everything_that_is_wrong_with_a_file_is_told_and_nothing_is_imported(as_: Entered, tmp_path: Path) -> None:
    """By line and column, without the values; and what only the server knows by line as well."""
    file = tmp_path / "beds.csv"
    file.write_text(FAULTY)
    before = as_("shelter-midden", "beds", "list", "--json")[1]
    code, said, told = as_("shelter-midden", "beds", "import", str(file))
    assert (code, said) == (3, "")
    lines = told.splitlines()
    places = [line.split(": ")[:2] for line in lines[:-1]]
    assert places == [
        ["line 2", "unit"],
        ["line 2", "lease_hours"],
        ["line 3", "available_from"],
        ["line 3", "give unit, or describe a new one"],
        ["line 3", "places"],
        ["line 3", "sexes"],
        ["line 3", "children"],
        ["line 4", "facility"],
        ["line 4", "kept_for_places"],
    ]
    assert lines[-1] == "doorstroom: 9 fault(s) in the file; nothing was imported"
    assert "secret" not in told
    unit = as_("shelter-midden", "beds", "list", "--state", "out_of_service", "--ids")[1].split()[0]
    file.write_text(f"unit,available_from\n\n{unit},\n{uuid4()},\n{unit},\n")
    assert "line 5: unit: the same as on line 3" in as_("shelter-midden", "beds", "import", str(file))[2]
    file.write_text(f"unit,available_from,lease_hours\n{unit},2020-01-01,1\n")
    answer = as_("shelter-midden", "beds", "import", str(file))
    assert answer[0] == 3
    assert answer[2].startswith("line 2: availableFrom: ")
    assert as_("shelter-midden", "beds", "list", "--json")[1] == before


def test_a_file_is_imported_once_however_often(as_: Entered, tmp_path: Path) -> None:
    """Two of a kind are two; what is taken back is posted again by the same file, and never added again."""
    file = tmp_path / "beds.csv"
    file.write_text("programme,places,sexes,age_bands,children\n" + "omm,3,all,all,no\n" * 2)

    def imported(*options: str) -> list[tuple[str, str]]:
        code, said, _ = as_("shelter-midden", "beds", "import", str(file), "--json", *options)
        assert code == 0
        return [(bed["action"], bed["unitId"]) for bed in json.loads(said)]

    assert imported("--dry-run") == [("add", None)] * 2
    first = imported()
    assert [action for action, _ in first] == ["add", "add"]
    units = {unit for _, unit in first}
    assert len(units) == 2
    again = imported()
    assert ({action for action, _ in again}, {unit for _, unit in again}) == ({"leave"}, units)
    for _round in range(2):
        listed = json.loads(as_("shelter-midden", "beds", "list", "--json")[1])
        vacancy = next(one["vacancyId"] for one in listed if one["unitId"] == first[0][1])
        assert as_("shelter-midden", "beds", "withdraw", vacancy)[0] == 0
        assert sorted(action for action, _ in imported()) == ["leave", "post"]
    assert {unit for _, unit in imported()} == units


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "the file is empty"),
        (b"colour,size\nred,4\n", "line 1: none of the headings"),
        (b"unit,unit\n", "line 1: the column unit is there twice"),
        (b'unit\n"a\n', "line 2: not CSV"),
        (b"unit\n\xff\n", "line 2: not UTF-8"),
        (b"PK\x03\x04 not a workbook", "neither CSV nor a workbook"),
        (b"unit\n" + b"x\n" * 1001, "more than 1000 rows"),
    ],
)
def test_what_is_no_spreadsheet_is_told_in_words(content: bytes, text: str, as_: Entered, tmp_path: Path) -> None:
    """With the line, where there is one."""
    file = tmp_path / "beds.csv"
    file.write_bytes(content)
    code, _, told = as_("shelter-midden", "beds", "import", str(file))
    assert code == 3
    assert told.startswith(text) or text in told.splitlines()[0]


def test_each_kind_of_failure_has_its_exit_code(
    as_: Entered, entered: Entered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, for a script and for a person."""
    someone = str(uuid4())
    one_line(as_("shelter-noord", "beds", "withdraw", someone), 5, "no such vacancy")
    one_line(as_("shelter-noord", "offers", "list"), 4, "")
    assert as_("shelter-noord", "beds", "post", "no-id")[0] == 2
    assert as_("shelter-noord", "beds", "affirm")[0] == 2
    token = tmp_path / "token"
    token.write_text("not-a-token")
    token.chmod(0o600)
    monkeypatch.setenv("DOORSTROOM_TOKEN_FILE", str(token))
    one_line(entered("beds", "list"), 4, "")
    token.chmod(0o644)
    one_line(entered("beds", "list"), 4, "chmod 600")
    monkeypatch.setenv("DOORSTROOM_URL", "http://127.0.0.1:9")
    token.chmod(0o600)
    one_line(entered("beds", "list"), 7, "no answer")
    monkeypatch.setenv("DOORSTROOM_URL", "http://doorstroom.example")
    one_line(entered("beds", "list"), 2, "https")
    one_line(entered("beds", "list", "--profile", "nobody"), 2, "no profile of this name")


def test_profiles_are_added_listed_and_chosen(
    installation: tuple[str, Path], entered: Entered, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a file that only its owner reads, without a token in it."""
    root, tokens = installation
    config = tmp_path / "settings" / "config.toml"
    for name in ("URL", "TOKEN", "TOKEN_FILE", "PROFILE"):
        monkeypatch.delenv(f"DOORSTROOM_{name}", raising=False)
    monkeypatch.setenv("DOORSTROOM_CONFIG", str(config))
    one_line(entered("beds", "list"), 2, "there is no profile yet")
    add = ("profiles", "add", "--url", root, "--token-file", str(tokens / "shelter-noord"))
    assert entered(*add, "noord")[0] == 0
    assert config.stat().st_mode & 0o077 == 0
    assert (tokens / "shelter-noord").read_text() not in config.read_text()
    assert entered("beds", "list")[0] == 0
    assert entered(*add, "other")[0] == 0
    one_line(entered("beds", "list"), 2, "choose a profile")
    monkeypatch.setenv("DOORSTROOM_PROFILE", "other")
    assert entered("beds", "list")[0] == 0
    one_line(entered(*add, "noord"), 2, "already")
    assert root in entered("profiles", "list")[1]
    config.write_text('[noord]\nurl = "https://x.example"\ntoken = "abc"\n')
    one_line(entered("beds", "list"), 2, "a token does not belong")
    config.write_text("[noord\n")
    one_line(entered("beds", "list"), 2, "not TOML")


def test_a_profile_says_where_each_service_is(
    installation: tuple[str, Path], entered: Entered, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """For an installation whose services have addresses of their own; what is not named is at the common one."""
    root, tokens = installation
    for name in ("URL", "TOKEN", "TOKEN_FILE", "PROFILE"):
        monkeypatch.delenv(f"DOORSTROOM_{name}", raising=False)
    monkeypatch.setenv("DOORSTROOM_CONFIG", str(tmp_path / "config.toml"))
    add = ("profiles", "add", "--token-file", str(tokens / "shelter-noord"))
    one_line(entered(*add, "noord", "--service-url", "shelters", root), 2, "none says where municipalities, notif")
    one_line(entered(*add, "noord", "--url", root, "--service-url", "shelters", "http://x.example"), 2, "https")
    assert entered(*add, "noord", "--url", "http://127.0.0.1:9", "--service-url", "shelters", root)[0] == 0
    assert entered("beds", "list")[0] == 0
    one_line(entered("slots", "list"), 7, "no answer")
    each = [
        word
        for name in ("registry", "shelters", "municipalities", "notifications")
        for word in ("--service-url", name, root)
    ]
    assert entered(*add, "all", *each)[0] == 0
    assert entered("beds", "list", "--profile", "all")[0] == 0
    assert f"http://127.0.0.1:9, shelters: {root}" in entered("profiles", "list")[1].replace("\n", " ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str, entered: Entered) -> None:
    """By click's own way, under the command's own name."""
    code, said, _ = entered("completion", shell)
    assert code == 0
    assert "_DOORSTROOM_COMPLETE" in said
