package flaskwire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A reply is what came back over the socket.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// send writes a request to a server as it was recorded, byte for byte, framing
// included, and reads the answer.
func send(addr string, r *wireRequest) (*reply, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(rawRequest(r)); err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: r.Method})
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("reading the body of a %d: %w", resp.StatusCode, err)
		}
		if resp.StatusCode >= 200 {
			return &reply{resp.StatusCode, resp.Header, body}, nil
		}
	}
}

// rawRequest returns the bytes of a request.
func rawRequest(r *wireRequest) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.Path)
	b.WriteString("host: api.example.test\r\nconnection: close\r\n")
	names := make([]string, 0, len(r.Headers))
	for name := range r.Headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Headers[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	body := r.bytes()
	switch {
	case r.Framing == "chunked":
		b.WriteString("transfer-encoding: chunked\r\n\r\n")
		half := len(body) / 2
		for _, chunk := range [][]byte{body[:half], body[half:]} {
			if len(chunk) > 0 {
				fmt.Fprintf(&b, "%x\r\n%s\r\n", len(chunk), chunk)
			}
		}
		b.WriteString("0\r\n\r\n")
		return b.Bytes()
	case r.Framing == "length" && !r.has("content-length"):
		b.WriteString("content-length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
