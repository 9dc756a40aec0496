// Program licence-names says which licences the text of files is. Its one argument is a file with a path on each line;
// for each path it writes a line of JSON: how much of the file is known licence text, in percent, and which licences.
//
// It is a thin command line around licensecheck, the library that pkg.go.dev takes its licences from.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/google/licensecheck"
)

// names is what is known of a file.
type names struct {
	Path     string   `json:"path"`
	Percent  float64  `json:"percent"`
	Licences []string `json:"licences"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: licence-names LIST, a file with a path on each line"))
	}
	if err := run(os.Args[1]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "licence-names:", err)
	os.Exit(1)
}

func run(list string) error {
	file, err := os.Open(list)
	if err != nil {
		return err
	}
	defer file.Close()
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		named, err := nameFile(lines.Text())
		if err != nil {
			return err
		}
		if err := out.Encode(named); err != nil {
			return err
		}
	}
	return lines.Err()
}

// nameFile names each licence once. One that is only named by its address counts too: it holds as its text would.
func nameFile(path string) (names, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return names{}, err
	}
	coverage := licensecheck.Scan(text)
	licences := []string{}
	for _, match := range coverage.Match {
		licences = append(licences, match.ID)
	}
	slices.Sort(licences)
	return names{Path: path, Percent: coverage.Percent, Licences: slices.Compact(licences)}, nil
}
