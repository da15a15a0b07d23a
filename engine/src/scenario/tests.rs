//! Tests of the scenario language on small texts.
