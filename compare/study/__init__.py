"""Run, measure and judge a study."""
