"""Disguises: a task under neutral names, permuted actions and moved positions, so that no model has read about it."""
