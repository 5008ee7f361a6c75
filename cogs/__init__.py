"""What members, support and moderators see: one package per feature."""
