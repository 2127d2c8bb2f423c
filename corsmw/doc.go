// Package corsmw answers browsers that ask for cross-origin access.
package corsmw
