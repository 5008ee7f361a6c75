"""Local servers that speak the real protocols: for the demo and the tests, never for production."""
