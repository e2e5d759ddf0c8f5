"""Which flights from New York will arrive late? Said two hours before departure, with what is known by then."""
