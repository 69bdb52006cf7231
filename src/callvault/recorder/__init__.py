"""The live side: what an SRC says becomes recording sessions and journals."""
