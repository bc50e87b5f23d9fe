"""Webhooks: NL GOV CloudEvents over HTTPS, signed after Standard Webhooks (https://www.standardwebhooks.com)."""
