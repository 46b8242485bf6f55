package main

import (
	"go/ast"
	"go/token"
	"strings"
)

// What can be wrong with each kind of node. What does not compile is found out by compiling it.

// operators say what stands in place of each: the comparison that differs at its boundary, its opposite, another sign.
var operators = map[token.Token][]string{
	token.EQL: {"!="}, token.NEQ: {"=="},
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
	token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"/"}, token.QUO: {"*"}, token.REM: {"*"},
	token.LAND: {"||"}, token.LOR: {"&&"},
	token.AND: {"|"}, token.OR: {"&"}, token.SHL: {">>"}, token.SHR: {"<<"},
	token.ADD_ASSIGN: {"-="}, token.SUB_ASSIGN: {"+="}, token.MUL_ASSIGN: {"/="}, token.QUO_ASSIGN: {"*="},
	token.INC: {"--"}, token.DEC: {"++"},
}

// names say which function is called in place of another.
var names = map[string]string{
	"min": "max", "max": "min", "AddMinor": "SubMinor", "SubMinor": "AddMinor",
	"HasPrefix": "HasSuffix", "HasSuffix": "HasPrefix", "true": "false", "false": "true",
}

func (f *finder) look(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT || n.Op == token.SUB {
			f.put(n, "%s", f.text(n.X))
		}
	case *ast.IfStmt:
		f.condition(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			f.put(n.Cond, "(%s) && false", f.text(n.Cond))
		}
	case *ast.CaseClause:
		f.caseClause(n)
	case *ast.CallExpr:
		f.call(n)
	case *ast.CompositeLit:
		f.list(n.Elts)
	case *ast.Ident:
		if other := names[n.Name]; other != "" {
			f.put(n, "%s", other)
		}
	case *ast.BasicLit:
		if n.Kind == token.INT {
			f.put(n, "(%s + 1)", n.Value)
		}
	case ast.Stmt:
		f.statement(n)
	}
}

func (f *finder) binary(n *ast.BinaryExpr) {
	for _, op := range operators[n.Op] {
		f.put(n, "%s %s %s", f.text(n.X), op, f.text(n.Y))
	}
	if n.Op == token.LAND || n.Op == token.LOR { // a check is dropped
		f.put(n, "%s", f.text(n.X))
		f.put(n, "%s", f.text(n.Y))
	}
}

// condition lets a check never hold, and always. It is evaluated still, so that what it names stays in use.
func (f *finder) condition(cond ast.Expr) {
	f.put(cond, "(%s) && false", f.text(cond))
	f.put(cond, "(%s) || true", f.text(cond))
}

// caseClause breaks the conditions of a switch without a value, and takes single values from one with.
func (f *finder) caseClause(n *ast.CaseClause) {
	s, ok := f.path[len(f.path)-2].(*ast.SwitchStmt) // the clause is in the switch's block
	if ok && s.Tag == nil {
		for _, cond := range n.List {
			f.condition(cond)
		}
	} else if len(n.List) > 1 {
		f.list(n.List)
	}
}

// call breaks comparisons of times, which are calls, and leaves out what decides a tie.
func (f *finder) call(n *ast.CallExpr) {
	s, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	x, tie := s.X.(*ast.Ident)
	switch name := s.Sel.Name; {
	case (name == "Before" || name == "After") && len(n.Args) == 1:
		other := map[string]string{"Before": "After", "After": "Before"}[name]
		f.put(n, "%s.%s(%s)", f.text(s.X), other, f.text(n.Args[0]))
		f.put(n, "!%s.%s(%s)", f.text(s.X), other, f.text(n.Args[0])) // or equal
	case tie && x.Name == "cmp" && name == "Or":
		f.list(n.Args)
	}
}

// list leaves out each element of a list: a rule of the table, a field of a struct.
func (f *finder) list(all []ast.Expr) {
	for i, e := range all {
		start, end := f.offset(e.Pos()), f.offset(e.End())
		switch {
		case i > 0:
			start = f.offset(all[i-1].End())
		case len(all) > 1:
			end = f.offset(all[1].Pos())
		case strings.HasPrefix(strings.TrimSpace(string(f.source[end:])), ","):
			end += strings.Index(string(f.source[end:]), ",") + 1
		}
		f.drop(e, start, end)
	}
}

// statement leaves a statement out, or swaps its sign.
func (f *finder) statement(n ast.Stmt) {
	var inBlock bool
	switch f.parent().(type) {
	case *ast.BlockStmt, *ast.CaseClause:
		inBlock = true
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		f.assign(n, inBlock)
	case *ast.IncDecStmt:
		f.put(n, "%s%s", f.text(n.X), operators[n.Tok][0])
	case *ast.ExprStmt, *ast.BranchStmt, *ast.DeferStmt, *ast.GoStmt:
	default:
		return
	}
	if _, assign := n.(*ast.AssignStmt); inBlock && !assign {
		f.drop(n, f.offset(n.Pos()), f.offset(n.End()))
	}
}

// assign leaves the assignment out, but evaluates what was to be assigned, so that it stays in use.
func (f *finder) assign(n *ast.AssignStmt, inBlock bool) {
	if n.Tok == token.DEFINE {
		return
	}
	left := f.text(n.Lhs[0])
	right := string(f.source[f.offset(n.Rhs[0].Pos()):f.offset(n.End())])
	for _, op := range operators[n.Tok] {
		f.put(n, "%s %s %s", left, op, right)
	}
	if inBlock {
		f.put(n, "%s = %s", strings.TrimSuffix(strings.Repeat("_, ", len(n.Lhs)), ", "), right)
	}
}
