"""Speed, memory and accuracy, measured side by side. Not shipped; run by hand; results in results/."""
