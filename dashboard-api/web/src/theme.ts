// What Mantine decides in script; colors are in styles/tokens.css, which stands in for the style
// element that the provider would inject and a strict content policy refuses.
import { createTheme } from '@mantine/core'

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 9, dark: 9 },
  autoContrast: true,
  cursorType: 'pointer',
  respectReducedMotion: true,
})
