"""Write what software needs to use a design: C header, C driver, SVD and table, all from the register map."""
