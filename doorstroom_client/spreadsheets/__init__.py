"""Spreadsheets of free beds: read, understood, and what importing one would do. Nothing here asks anybody."""
