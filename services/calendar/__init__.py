"""The calendar of the Netherlands: office hours and public holidays. No rule of any service, and no input or output."""
