"""The headers of a page, beyond those of every answer: it loads nothing but ours, and nobody frames it."""

from collections.abc import Mapping

STATIC = "public, max-age=31536000, immutable"


def page_headers(leads_to: str | None) -> Mapping[str, str]:
    """`leads_to` is where signing out leads: browsers hold redirects after a form against the policy too."""
    actions = "'self'" if leads_to is None else f"'self' {leads_to}"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action {actions}; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        # For a form of ours the browser tells where it came from, and nobody else hears of it.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Vary": "Accept-Language, Cookie",
    }
