package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/plusone-dev/plusone/internal/ingress"
	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/shop"
	"github.com/plusone-dev/plusone/internal/store"
)

// shopFlags say where the demo shop is, and how it is paid.
type shopFlags struct {
	ShopListen string `env:"PLUSONE_SHOP_LISTEN" default:"127.0.0.1:8000" placeholder:"HOST:PORT" help:"Where to serve the demo shop (default ${default}, or a free port when that is taken); off: nowhere."`
	StripeKey  string `name:"stripe-api-key" env:"PLUSONE_STRIPE_API_KEY,STRIPE_API_KEY" placeholder:"sk_test_…" help:"A test key of Stripe's API: the demo shop has its Checkout Sessions made by Stripe. Without one it pretends."`
}

// usualShopListen is the address that gives way to whoever is there already.
const usualShopListen = "127.0.0.1:8000"

func (f shopFlags) closed() bool { return f.ShopListen == "" || f.ShopListen == "off" }

func (f shopFlags) problems() (all []string) {
	if f.closed() {
		return nil
	}
	if f.StripeKey != "" && !shop.TestKey(f.StripeKey) {
		all = append(all, "--stripe-api-key (STRIPE_API_KEY) is not a test key (sk_test_…): nobody shall really pay the demo shop; leave it away, or turn the shop off with --shop-listen off")
	}
	return append(all, address("--shop-listen (PLUSONE_SHOP_LISTEN)", f.ShopListen)...)
}

// reserveShop takes the demo shop's port, or a free one when the customary one is taken and nobody asked for another.
func (d *dev) reserveShop(context.Context) (err error) {
	if d.cmd.closed() {
		return nil
	}
	if d.cmd.UserJWTKeys != "" && len(d.cmd.UserJWTSecret) == 0 {
		d.log.Info("the demo shop stays closed: it signs its users' tokens with a secret, and there are only --user-jwt-keys (PLUSONE_USER_JWT_KEYS)")
		return nil
	}
	d.shopListener, err = net.Listen("tcp", d.cmd.ShopListen) //nolint:noctx // it does not wait
	if errors.Is(err, syscall.EADDRINUSE) && d.cmd.ShopListen == usualShopListen {
		d.shopListener, err = listen("--shop-listen", "127.0.0.1:0")
		if err == nil {
			d.log.Info("the customary port of the demo shop is in use, so a free one was taken", "shop", "http://"+reachable(d.shopListener.Addr()))
		}
	} else if err != nil {
		d.shopListener, err = listen("--shop-listen", d.cmd.ShopListen) // which says it in plain words
	}
	if err != nil {
		return err
	}
	d.undo = append(d.undo, func() { _ = d.shopListener.Close() })
	d.state.ShopURL = "http://" + reachable(d.shopListener.Addr())
	if d.cmd.SignUpURL == "" {
		d.cmd.SignUpURL = d.state.ShopURL + "/register"
	}
	d.cmd.EmbedOrigins = append(d.cmd.EmbedOrigins, d.state.ShopURL) // it shows the dashboard in a frame
	return nil
}

// applyShop gives plusone the demo shop's program, unless it has one of that name.
func (d *dev) applyShop(ctx context.Context) error {
	if d.shopListener == nil {
		return nil
	}
	return dataFlag{}.withDatabase(ctx, databaseFlags{DatabaseURL: d.state.DatabaseURL}, func(db *store.Database) error {
		_, _, _, err := db.Program(ctx, shop.ProgramName)
		if errors.Is(err, store.ErrUnknownProgram) {
			_, err = db.ApplyProgram(ctx, shop.Program())
		}
		return err
	})
}

// openShop has the demo shop served: a business like any other, which knows where plusone is and what it signs with.
func (d *dev) openShop() error {
	if d.shopListener == nil {
		return nil
	}
	s, err := shop.New(shop.Config{
		URL: d.state.ShopURL, Plusone: d.state.URL, Pages: d.cmd.public(d.state.URL),
		EventsToken: d.cmd.APIToken[0], UserSecret: d.cmd.UserJWTSecret[0], WebhookSecret: d.cmd.WebhookSecret[0],
		Live: d.cmd.StripeMode == ingress.ModeLive, StripeKey: d.cmd.StripeKey, File: d.inside("shop", "state.json"), Log: d.log,
	})
	if err != nil {
		return fmt.Errorf("the demo shop: %w", err)
	}
	handler := ops.Recover(d.log, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "something went wrong in the demo shop; the log says what", http.StatusInternalServerError)
	}, s)
	d.host.group.Add("demo shop", func(ctx context.Context) error { return ops.Serve(ctx, d.shopListener, handler, d.log) })
	d.host.group.Add("what the demo shop tells", s.Run)
	return nil
}

// shopRows say where the demo shop is.
func (d *dev) shopRows() [][2]string {
	if d.shopListener == nil {
		return nil
	}
	return [][2]string{{"demo shop", d.state.ShopURL + ": register, buy coffee with the card 4242 4242 4242 4242, invite friends"}}
}
