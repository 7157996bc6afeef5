"""Where events leave the log: the provincial database, the read model, the Ministry."""
