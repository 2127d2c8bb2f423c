package flaskwire

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// An outcome is what came of a case on one router.
type outcome int

const (
	same outcome = iota
	differs
	outOfScope
	failed
)

func TestMain(m *testing.M) {
	// The applications fail on purpose, over and over.
	gin.SetMode(gin.ReleaseMode)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// tally counts outcomes on one router.
type tally struct {
	mu      sync.Mutex
	byTopic map[string]*[4]int
	byRule  map[string]int
}

func TestRecorded(t *testing.T) {
	dir := cmp.Or(os.Getenv("FLASK_WIRE_DIR"), "testdata")
	cases := map[string][]*wireCase{}
	for _, topic := range topics {
		list, err := readCases(dir, topic)
		require.NoError(t, err)
		cases[topic] = list
	}
	tallies := make([]*tally, len(routers))
	t.Run("router", func(t *testing.T) {
		for i, rt := range routers {
			tallies[i] = &tally{byTopic: map[string]*[4]int{}, byRule: map[string]int{}}
			t.Run(rt.name, func(t *testing.T) {
				t.Parallel()
				replayAll(t, rt, cases, tallies[i])
			})
		}
	})
	for i, rt := range routers {
		t.Logf("%s\n%s", rt.name, tallies[i])
	}
}

// share returns which part of the cases in scope is the same.
func (y *tally) share(cors bool) float64 {
	var all, good int
	for topic, n := range y.byTopic {
		if strings.HasPrefix(topic, "cors") == cors {
			all += n[same] + n[differs] + n[failed]
			good += n[same]
		}
	}
	return float64(good) / float64(all)
}

func (y *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s %6s %6s %6s %6s\n", "", "same", "rule", "out", "failed")
	for _, topic := range topics {
		n := y.byTopic[topic]
		if n == nil {
			continue
		}
		fmt.Fprintf(&b, "%-12s %6d %6d %6d %6d\n", topic, n[same], n[differs], n[outOfScope], n[failed])
	}
	inside, cors := y.share(false), y.share(true)
	fmt.Fprintf(&b, "same of those in scope: %.1f %%, of those with CORS: %.1f %%\n", 100*inside, 100*cors)
	names := make([]string, 0, len(y.byRule))
	for name := range y.byRule {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%5d %s\n", y.byRule[name], name)
	}
	return b.String()
}

func replayAll(t *testing.T, rt router, cases map[string][]*wireCase, y *tally) {
	var handler atomic.Pointer[http.Handler]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*handler.Load()).ServeHTTP(w, r)
	}))
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	addr := server.Listener.Addr().String()
	for _, topic := range topics {
		n := new([4]int)
		y.byTopic[topic] = n
		for _, c := range cases[topic] {
			x := &exchange{wireCase: c, app: apps[c.App], router: rt.name}
			if x.app != nil {
				x.svc = x.app.build()
				h := rt.mount(x.svc)
				handler.Store(&h)
			}
			result, used, faults := replay(addr, x)
			n[result]++
			for _, name := range used {
				y.byRule[name]++
			}
			if result == failed {
				t.Errorf("%s [%s] %s %s\n    %s", c.ID, c.App, c.Request.Method, c.Request.Path, strings.Join(faults, "\n    "))
			}
		}
	}
}

// replay sends a case and says what came of it, and which rules had a part in it.
func replay(addr string, x *exchange) (result outcome, used, faults []string) {
	var matching []rule
	for _, r := range rules {
		if r.match(x) {
			matching = append(matching, r)
			used = append(used, r.name)
			if r.apply == nil {
				return outOfScope, used, nil
			}
		}
	}
	if x.app == nil {
		return failed, nil, []string{"there is no such application"}
	}
	for _, s := range x.Setup {
		r, err := send(addr, &s.Request)
		if err != nil || r.status != s.Status {
			return failed, nil, []string{fmt.Sprintf("setup: %v, %v", r, err)}
		}
	}
	r, err := send(addr, &x.Request)
	if err != nil {
		return failed, nil, []string{err.Error()}
	}
	got, err := x.given(r)
	if err != nil {
		return failed, nil, []string{err.Error()}
	}
	// Flask's answers, old and new, as they are and then as the rules have them.
	for _, withRules := range []bool{false, true} {
		if withRules && len(matching) == 0 {
			break
		}
		for _, newer := range []bool{false, true} {
			if x.newer = newer; newer && x.Newer == nil {
				continue
			}
			want, err := x.recorded()
			if err != nil {
				return failed, nil, []string{err.Error()}
			}
			result = same
			if withRules {
				result = differs
				for _, r := range matching {
					r.apply(x, want)
					if r.outOfScope {
						result = outOfScope
					}
				}
			}
			differences := x.compare(want, got)
			if x.isCORS() {
				differences = append(differences, x.checkVary(want, got)...)
			}
			if len(differences) == 0 {
				if result == same && len(used) > 0 {
					return failed, used, []string{"the answer is Flask's, but there is a rule against it: " + strings.Join(used, ", ")}
				}
				return result, used, nil
			}
			faults = append(faults, differences...)
		}
	}
	if len(used) > 0 {
		faults = append(faults, "under "+strings.Join(used, ", "))
	}
	return failed, nil, faults
}
