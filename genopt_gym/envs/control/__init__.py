"""Policies for Gymnasium's own small environments."""
