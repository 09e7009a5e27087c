"""What the hardware must compute: the float reference and the bit- and cycle-exact golden models."""
