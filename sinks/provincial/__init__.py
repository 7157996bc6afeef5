"""The provincial database: ``load`` brings them in, ``records`` keeps them, ``check`` looks at versions."""
