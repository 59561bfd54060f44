"""The service under its own largest runs: answers, memory, and short runs beside long ones."""
