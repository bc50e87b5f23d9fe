"""Where the console may lead, and under which addresses it may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from services.console.web.addresses import check_address, inside


@pytest.mark.parametrize("path", ["/", "/inbox", "/cases/1?told=accepted", "/%5Cevil", "/a//b"])
def test_a_page_of_ours_is_led_to(path: str) -> None:
    """As it stands."""
    assert inside(path) == path


@pytest.mark.parametrize(
    "path", [None, "", "x", "//evil", "/\\evil", "\\\\evil", "/\t/evil", "https://evil", "/" + "a" * 500, "/ë"]
)
def test_elsewhere_is_never_led_to(path: str | None) -> None:
    """The first page instead."""
    assert inside(path) == "/"


@given(st.text(alphabet="/\\abc:.@?#%\t\n \x00ë", max_size=12))
def test_no_path_leaves_the_console(path: str) -> None:
    """Joined to its address as a browser would, it stays there."""
    assert URL("https://console.example/x").join(URL(inside(path))).host == "console.example"


@pytest.mark.parametrize("address", ["https://console.example", "https://c.example:8443", "http://127.0.0.1:8080"])
def test_a_safe_address_is_accepted(address: str) -> None:
    """With TLS, or on this machine."""
    assert check_address(address).host


@pytest.mark.parametrize(
    "address", ["http://console.example", "https://c.example/path", "https://user@c.example", "ftp://c.example"]
)
def test_any_other_address_is_refused(address: str) -> None:
    """Cookies would go over an open line."""
    with pytest.raises(ValueError, match="address"):
        check_address(address)
