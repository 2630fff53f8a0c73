// Order of two versions by golang.org/x/mod/semver (Debian: golang-golang-x-mod-dev). Each line "A<TAB>B" is answered by a sign, "!" where
// one is none.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/semver"
)

func main() {
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		a, b, _ := strings.Cut(input.Text(), "\t")
		if !semver.IsValid(a) || !semver.IsValid(b) {
			fmt.Fprintln(output, "!")
			continue
		}
		fmt.Fprintln(output, [...]string{"<", "=", ">"}[semver.Compare(a, b)+1])
	}
}
