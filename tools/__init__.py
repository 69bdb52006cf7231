"""Tools of the tree: its rules, screenshots, vendored files."""
