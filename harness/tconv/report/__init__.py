"""Turns a run into what people and programs read; nothing here runs a framework."""
