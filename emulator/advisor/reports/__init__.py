"""Reports of the advisor's findings: text for people, SARIF and JUnit XML for programs."""
