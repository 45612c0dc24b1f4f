"""Edits read out of free text, such as a model's reply: one file for each form in which an edit may come."""
