package servicetoken

import "context"

// IsAdminHash says of a token, of which only the SHA-256 is known, whether it is an admin's now: sessions that were opened with
// one keep no more of it, and end with it.
func (k *Keeper) IsAdminHash(ctx context.Context, hash []byte) (bool, error) {
	if who := k.ofConfigured(hash); who.Scope > None {
		return who.Scope >= Admin, nil
	}
	if k.table == nil {
		return false, nil
	}
	if who, ok := k.remember(hash); ok {
		return who.Scope >= Admin, nil
	}
	who, err := k.ask(ctx, hash)
	return who.Scope >= Admin, err
}
