package flaskwire

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/corsmw"
)

var update = flag.Bool("update", false, "write the counts into docs/flask.md")

// An outcome is what came of a case on one router.
type outcome int

const (
	same       outcome = iota // as Flask, the old or the new one
	differs                   // as the rules demand
	outOfScope                // by a rule
	failed                    // otherwise
)

// A tally counts the outcomes on one router.
type tally struct {
	byTopic map[string]*[4]int
	byRule  map[string]int
}

func TestMain(m *testing.M) {
	// The applications fail on purpose, over and over.
	gin.SetMode(gin.ReleaseMode)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// TestRecorded replays all recordings on all routers: those of testdata, or of the
// folder that FLASK_WIRE_DIR names.
func TestRecorded(t *testing.T) {
	foreign := os.Getenv("FLASK_WIRE_DIR")
	cases := map[string][]*wireCase{}
	for _, topic := range topics {
		list, err := readCases(cmp.Or(foreign, "testdata"), topic)
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
		y := tallies[i]
		if len(y.byTopic) < len(topics) {
			return // not all routers were asked for
		}
		t.Logf("%s\n%s", rt.name, y)
		if all, good := y.count(false); all > 0 {
			assert.GreaterOrEqual(t, share(good, all), 85.0, "%s: %% the same, of the cases in scope without CORS", rt.name)
		}
		if all, good := y.count(true); all > 0 {
			assert.GreaterOrEqual(t, share(good, all), 75.0, "%s: %% the same, of the cases in scope with CORS", rt.name)
		}
	}
	if foreign != "" {
		return // the counts in the page are those of testdata
	}
	for _, r := range rules {
		for _, y := range tallies {
			assert.Positive(t, y.byRule[r.name], "the rule %s matches no case", r.name)
		}
	}
	checkPage(t, tallies)
}

// replayAll replays all cases on one router, each against a new application.
func replayAll(t *testing.T, rt router, cases map[string][]*wireCase, y *tally) {
	var handler atomic.Pointer[http.Handler]
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*handler.Load()).ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
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
			result, used, faults := replay(server.Listener.Addr().String(), x)
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
	beyond := false
	for _, r := range rules {
		if !r.match(x) {
			continue
		}
		matching, used = append(matching, r), append(used, r.name)
		if r.apply == nil {
			return outOfScope, used, nil
		}
		beyond = beyond || r.outOfScope
	}
	if x.app == nil {
		return failed, nil, []string{"there is no such application"}
	}
	for _, s := range x.Setup {
		if r, err := send(addr, &s.Request); err != nil || r.status != s.Status {
			return failed, nil, []string{fmt.Sprintf("setup: %v, %v", r, err)}
		}
	}
	r, err := send(addr, &x.Request)
	if err != nil {
		return failed, nil, []string{err.Error()}
	}
	got := x.given(r)

	// Flask's answers, the old and the new one, as they are and then as the
	// rules have them.
	for _, ruled := range []bool{false, len(matching) > 0} {
		for _, newer := range []bool{false, x.Newer != nil} {
			x.newer = newer
			want := x.recorded()
			if ruled {
				for _, r := range matching {
					r.apply(x, want)
				}
			}
			differences := x.compare(want, got)
			switch {
			case len(differences) > 0:
				faults = append(faults, differences...)
			case beyond:
				return outOfScope, used, nil
			case ruled:
				return differs, used, nil
			case len(matching) > 0:
				return failed, nil, []string{"the answer is Flask's, but the rule is another: " + strings.Join(used, ", ")}
			default:
				return same, nil, nil
			}
		}
	}
	return failed, nil, append(faults, "rules: "+strings.Join(used, ", "))
}

// TestRefusedPolicies makes the policies that Flask-CORS takes and corsmw does not.
func TestRefusedPolicies(t *testing.T) {
	for name, cfg := range refusedPolicies {
		_, err := corsmw.New(cfg)
		var fault *corsmw.ConfigError
		require.ErrorAs(t, err, &fault, name)
		assert.Equal(t, "AllowOrigins", fault.Field, name)
	}
}

// count returns how many cases are in scope, and how many of them are the same.
func (y *tally) count(cors bool) (all, good int) {
	for topic, n := range y.byTopic {
		if strings.HasPrefix(topic, "cors") == cors {
			all += n[same] + n[differs] + n[failed]
			good += n[same]
		}
	}
	return all, good
}

func share(part, all int) float64 { return 100 * float64(part) / float64(all) }

func (y *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s %6s %6s %6s %6s\n", "", "same", "rule", "out", "failed")
	for _, topic := range topics {
		n := y.byTopic[topic]
		fmt.Fprintf(&b, "%-12s %6d %6d %6d %6d\n", topic, n[same], n[differs], n[outOfScope], n[failed])
	}
	for _, r := range rules {
		fmt.Fprintf(&b, "%5d %s\n", y.byRule[r.name], r.name)
	}
	return b.String()
}

const page = "../../docs/flask.md"

// checkPage compares what docs/flask.md says of the rules and of the counts.
func checkPage(t *testing.T, tallies []*tally) {
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	text := string(data)
	for name, want := range map[string]string{
		"cases":        casesTable(tallies),
		"differences":  rulesTable(tallies, false),
		"out of scope": rulesTable(tallies, true),
		"routers":      routersTable(),
	} {
		block := regexp.MustCompile(`(?s)(<!-- begin: ` + name + ` -->\n).*?(<!-- end: ` + name + ` -->)`)
		require.Len(t, block.FindAllString(text, -1), 1, "%s in %s", name, page)
		current := block.ReplaceAllStringFunc(text, func(s string) string {
			parts := block.FindStringSubmatch(s)
			return parts[1] + want + parts[2]
		})
		if !*update {
			assert.Equal(t, current, text, "%s: %q is not current; go test ./flaskwire -run TestRecorded -update writes it", page, name)
		}
		text = current
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(text), 0o644))
	}
}

// casesTable has a row for each topic, from the first router, and one for each
// router.
func casesTable(tallies []*tally) string {
	var b strings.Builder
	b.WriteString("\n| topic | same | by a rule | out of scope | failed |\n|---|--:|--:|--:|--:|\n")
	for _, topic := range topics {
		n := tallies[0].byTopic[topic]
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", topic, n[same], n[differs], n[outOfScope], n[failed])
	}
	b.WriteString("\n| router | same | by a rule | out of scope | the same without CORS | the same with CORS |\n|---|--:|--:|--:|--:|--:|\n")
	for i, rt := range routers {
		var sum [4]int
		for _, n := range tallies[i].byTopic {
			for outcome, count := range n {
				sum[outcome] += count
			}
		}
		all, good := tallies[i].count(false)
		allCORS, goodCORS := tallies[i].count(true)
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d of %d, %.1f %% | %d of %d, %.1f %% |\n", rt.name, sum[same], sum[differs], sum[outOfScope],
			good, all, share(good, all), goodCORS, allCORS, share(goodCORS, allCORS))
	}
	b.WriteString("\n")
	return b.String()
}

// rulesTable has a row for each rule, with the cases that it matches.
func rulesTable(tallies []*tally, outOfScope bool) string {
	var b strings.Builder
	b.WriteString("\n| rule | Flask | hipflask | why | cases |\n|---|---|---|---|--:|\n")
	for _, r := range rules {
		if r.outOfScope != outOfScope {
			continue
		}
		var counts []int
		for _, y := range tallies {
			counts = append(counts, y.byRule[r.name])
		}
		cases := fmt.Sprint(slices.Min(counts))
		if low, high := slices.Min(counts), slices.Max(counts); low != high {
			cases = fmt.Sprintf("%d–%d", low, high)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.name, cell(r.flask), cell(r.ours), cell(r.why), cases)
	}
	b.WriteString("\n")
	return b.String()
}

// cell is text for a table.
func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "*", `\*`) }
