"""Discovery: open problems with published records, verified in exact arithmetic."""
