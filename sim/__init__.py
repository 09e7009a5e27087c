"""The float reference, and the bit- and cycle-exact golden models of the hardware."""
