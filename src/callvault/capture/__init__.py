"""Media ports and the native receiver that writes journals."""
