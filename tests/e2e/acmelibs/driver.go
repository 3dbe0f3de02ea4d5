// Drives golang.org/x/crypto/acme, the library under autocert and, as a fork, under cert-manager: one JSON object a line on standard
// input says what to do, one line answers. The calls are the library's own; nothing is done for it.
// usage: driver DIRECTORY ROOT.pem
package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

type request struct {
	Do, Contact, Kid, Mac, URL, Type, Csr, Cert, Key, Listen string
	Names                                                    []string
	Reason                                                   int
	Addresses                                                bool
}

type answer map[string]interface{}

var client *acme.Client

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func binding(r request) (*acme.ExternalAccountBinding, error) {
	if r.Kid == "" {
		return nil, nil
	}
	key, err := base64.RawURLEncoding.DecodeString(r.Mac)
	return &acme.ExternalAccountBinding{KID: r.Kid, Key: key}, err
}

func account(a *acme.Account, err error) (answer, error) {
	if err != nil {
		return nil, err
	}
	return answer{"url": a.URI, "status": a.Status, "contact": a.Contact, "orders": a.OrdersURL}, nil
}

func register(ctx context.Context, r request) (answer, error) {
	bound, err := binding(r)
	if err != nil {
		return nil, err
	}
	return account(client.Register(ctx, &acme.Account{Contact: []string{r.Contact}, ExternalAccountBinding: bound}, acme.AcceptTOS))
}

// What the test has to publish, by type of challenge.
func ways(z *acme.Authorization) (answer, error) {
	out := answer{}
	for _, c := range z.Challenges {
		switch c.Type {
		case "http-01":
			body, err := client.HTTP01ChallengeResponse(c.Token)
			if err != nil {
				return nil, err
			}
			out[c.Type] = answer{"path": client.HTTP01ChallengePath(c.Token), "body": body}
		case "dns-01":
			record, err := client.DNS01ChallengeRecord(c.Token)
			if err != nil {
				return nil, err
			}
			out[c.Type] = answer{"value": record}
		case "tls-alpn-01":
			made, err := client.TLSALPN01ChallengeCert(c.Token, z.Identifier.Value)
			if err != nil {
				return nil, err
			}
			key, err := x509.MarshalECPrivateKey(made.PrivateKey.(*ecdsa.PrivateKey))
			if err != nil {
				return nil, err
			}
			out[c.Type] = answer{"cert": block("CERTIFICATE", made.Certificate...), "key": block("EC PRIVATE KEY", key)}
		}
	}
	return out, nil
}

func authorization(z *acme.Authorization, err error) (answer, error) {
	if err != nil {
		return nil, err
	}
	todo, err := ways(z)
	return answer{"url": z.URI, "name": z.Identifier.Value, "status": z.Status, "wildcard": z.Wildcard, "ways": todo}, err
}

func order(ctx context.Context, r request) (answer, error) {
	ids := acme.DomainIDs(r.Names...)
	if r.Addresses {
		ids = acme.IPIDs(r.Names...)
	}
	o, err := client.AuthorizeOrder(ctx, ids)
	if err != nil {
		return nil, err
	}
	parts := []answer{}
	for _, url := range o.AuthzURLs {
		one, err := authorization(client.GetAuthorization(ctx, url))
		if err != nil {
			return nil, err
		}
		parts = append(parts, one)
	}
	return answer{"url": o.URI, "status": o.Status, "authz": parts}, nil
}

func accept(ctx context.Context, r request) (answer, error) {
	z, err := client.GetAuthorization(ctx, r.URL)
	if err != nil {
		return nil, err
	}
	for _, c := range z.Challenges {
		if c.Type == r.Type {
			if _, err := client.Accept(ctx, c); err != nil {
				return nil, err
			}
			return authorization(client.WaitAuthorization(ctx, r.URL))
		}
	}
	return nil, errors.New("no challenge of type " + r.Type)
}

func block(kind string, parts ...[]byte) string {
	out := ""
	for _, der := range parts {
		out += string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return out
}

func finalize(ctx context.Context, r request) (answer, error) {
	csr, err := base64.StdEncoding.DecodeString(r.Csr)
	if err != nil {
		return nil, err
	}
	o, err := client.WaitOrder(ctx, r.URL)
	if err != nil {
		return nil, err
	}
	der, url, err := client.CreateOrderCert(ctx, o.FinalizeURL, csr, true)
	if err != nil {
		return nil, err
	}
	others, err := client.ListCertAlternates(ctx, url)
	if err != nil {
		return nil, err
	}
	chains := []string{}
	for _, other := range others {
		chain, err := client.FetchCert(ctx, other, true)
		if err != nil {
			return nil, err
		}
		chains = append(chains, block("CERTIFICATE", chain...))
	}
	return answer{"chain": block("CERTIFICATE", der...), "others": chains}, nil
}

func revoke(ctx context.Context, r request) (answer, error) {
	der, err := base64.StdEncoding.DecodeString(r.Cert)
	if err != nil {
		return nil, err
	}
	var key crypto.Signer // the certificate's own, or none: then the account's
	if r.Key != "" {
		found, _ := pem.Decode([]byte(r.Key))
		private, err := x509.ParsePKCS8PrivateKey(found.Bytes)
		if err != nil {
			return nil, err
		}
		key = private.(crypto.Signer)
	}
	return answer{}, client.RevokeCert(ctx, key, der, acme.CRLReasonCode(r.Reason))
}

// A server that gets its certificate when somebody first asks for it; the listener is open when this answers.
func serve(r request) (answer, error) {
	bound, err := binding(r)
	if err != nil {
		return nil, err
	}
	m := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(r.Names...), Email: "ann@good.test",
		Client: client, ExternalAccountBinding: bound}
	listener, err := net.Listen("tcp", r.Listen)
	if err != nil {
		return nil, err
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	go http.Serve(tls.NewListener(listener, m.TLSConfig()), hello)
	return answer{}, nil
}

func do(ctx context.Context, r request) (answer, error) {
	switch r.Do {
	case "register":
		return register(ctx, r)
	case "account":
		return account(client.GetReg(ctx, ""))
	case "contact":
		return account(client.UpdateReg(ctx, &acme.Account{Contact: []string{r.Contact}}))
	case "order":
		return order(ctx, r)
	case "preauthorize":
		return authorization(client.Authorize(ctx, r.Names[0]))
	case "accept":
		return accept(ctx, r)
	case "finalize":
		return finalize(ctx, r)
	case "revoke":
		return revoke(ctx, r)
	case "roll":
		return answer{}, client.AccountKeyRollover(ctx, newKey())
	case "drop":
		return answer{}, client.RevokeAuthorization(ctx, r.URL)
	case "end":
		return answer{}, client.DeactivateReg(ctx)
	case "serve":
		return serve(r)
	}
	return nil, errors.New("cannot do " + r.Do)
}

func problem(err error) answer {
	var told *acme.Error
	var failed *acme.AuthorizationError
	if errors.As(err, &told) {
		return answer{"error": told.ProblemType, "detail": told.Detail, "status": told.StatusCode}
	}
	if errors.As(err, &failed) && len(failed.Errors) > 0 && errors.As(failed.Errors[0], &told) {
		return answer{"error": told.ProblemType, "detail": told.Detail}
	}
	return answer{"error": "library", "detail": err.Error()}
}

func trusting(file string) *http.Client {
	root, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

func main() {
	client = &acme.Client{Key: newKey(), DirectoryURL: os.Args[1], HTTPClient: trusting(os.Args[2]), UserAgent: "autocsr-test"}
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var r request
		err := json.Unmarshal(in.Bytes(), &r)
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		var a answer
		if err == nil {
			a, err = do(ctx, r)
		}
		if err != nil {
			a = problem(err)
		}
		cancel()
		if out.Encode(a) != nil {
			return
		}
	}
}
