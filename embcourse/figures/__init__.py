"""The book's plots: `style` sets how every figure looks, and one module per chapter draws that
chapter's figures."""
