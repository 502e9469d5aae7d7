// Light or dark; the choice is kept by the browser.
import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { IconButton } from '../parts/icon-button'
import { MoonIcon, SunIcon } from '../parts/icons'

/** Mantine would hold them back by an inline style element, which the content policy refuses. */
const KEEP_TRANSITIONS = { keepTransitions: true }

export function ThemeToggle() {
  const { setColorScheme } = useMantineColorScheme(KEEP_TRANSITIONS)
  const other = useComputedColorScheme('light') === 'dark' ? 'light' : 'dark'
  return (
    <IconButton
      label={`Switch to the ${other} theme`}
      onClick={() => {
        setColorScheme(other)
      }}
    >
      {other === 'dark' ? <MoonIcon /> : <SunIcon />}
    </IconButton>
  )
}
