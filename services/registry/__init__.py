"""The registry: cases, waitlists, the mirror of vacancies, offers, and the decisions that explain them."""
