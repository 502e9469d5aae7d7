// Lies unseen over the page while something is open above it: a press beside it closes it, and what is
// half covered cannot be pressed by mistake.

/** Below the open thing, which Mantine puts at 300. */
export const VEIL = { withOverlay: true, overlayProps: { backgroundOpacity: 0, zIndex: 250 } } as const
