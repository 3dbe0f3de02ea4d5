"""The parts that end-to-end tests are made of: the real service and real servers around it, all on loopback."""
