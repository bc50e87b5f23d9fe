"""The rules of housing under the quota, pure: time and ids come in as arguments."""
