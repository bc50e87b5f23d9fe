"""The registry's facts in its database. Whatever changes a waitlist does so under that list's lock."""
