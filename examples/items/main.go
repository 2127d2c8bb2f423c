// Command items is the small JSON API of the guide, on the router of your choice:
//
//	go run ./examples/items -router chi
//
// items.go is the API, routers.go puts it on a router. A page on a second port
// calls it from another origin, as a browser front end would.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, time.Now)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "items:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done, and then lets the requests under way end.
func run(ctx context.Context, args []string, out io.Writer, now func() time.Time) error {
	flags := flag.NewFlagSet("items", flag.ContinueOnError)
	router := flags.String("router", "mux", "one of "+strings.Join(routerNames, ", "))
	addr := flags.String("addr", "127.0.0.1:8080", "where the API listens")
	pageAddr := flags.String("page", "127.0.0.1:8081", "where the page listens; empty for no page")
	if err := flags.Parse(args); err != nil {
		return err
	}

	api, err := listen(*addr, "-addr")
	if err != nil {
		return err
	}
	defer api.Close()
	apiURL := "http://" + api.Addr().String()

	var page net.Listener
	var cors *corsmw.Middleware // nil lets every request pass: no page, no policy
	if *pageAddr != "" {
		if page, err = listen(*pageAddr, "-page"); err != nil {
			return err
		}
		defer page.Close()
		cors, err = corsmw.New(corsmw.Config{
			AllowOrigins:  pageOrigins(page.Addr()),
			AllowMethods:  []string{"PUT", "PATCH", "DELETE"},
			AllowHeaders:  []string{"Content-Type"},
			ExposeHeaders: []string{"Location", "Allow"},
			MaxAge:        600,
		})
		if err != nil {
			return err
		}
	}

	handler, err := newRouter(*router, newResources(newStore(now)), errjson.NewRenderer(errjson.Config{}), cors)
	if err != nil {
		return err
	}

	servers := map[*http.Server]net.Listener{newServer(handler): api}
	fmt.Fprintf(out, "Items on %s: %s/api/items\n", *router, apiURL)
	if page != nil {
		servers[newServer(pageHandler(apiURL))] = page
		fmt.Fprintf(out, "The page:     http://%s/\n", page.Addr())
	}
	fmt.Fprintf(out, `Try:
  curl -i %[1]s/api/items
  curl -i %[1]s/api/items -H 'Content-Type: application/json' -d '{"name":"Widget","price":"cheap"}'
  curl -i %[1]s/api/boom
`, apiURL)
	return serve(ctx, servers)
}

func listen(addr, flagName string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use; choose another address with %s", addr, flagName)
	}
	return l, err
}

// pageOrigins returns the origins that the page has in a browser.
func pageOrigins(addr net.Addr) []string {
	origins := []string{"http://" + addr.String()}
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		origins = append(origins, fmt.Sprintf("http://localhost:%d", tcp.Port))
	}
	return origins
}

// newServer returns a server with limits: net/http's own has none, and a client
// that sends nothing would hold its connection for ever.
func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

// serve runs the servers until ctx is done or one of them fails.
func serve(ctx context.Context, servers map[*http.Server]net.Listener) error {
	failed := make(chan error, len(servers))
	for server, listener := range servers {
		go func() { failed <- server.Serve(listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for server := range servers {
		err = errors.Join(err, server.Shutdown(grace))
	}
	return err
}
