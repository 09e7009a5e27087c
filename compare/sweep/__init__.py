"""One layer on both engines, with synthetic activity, over whatever may be varied; and where the two meet."""
