"""Municipalities: slots under the housing quota, claims, and the ledger of what was housed. A household is a number."""
