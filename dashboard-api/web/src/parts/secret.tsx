// A text to be copied: a link, an address, or a secret that is shown once.
import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import classes from './copyable.module.css'

export function Copyable(props: { text: string; label: string }) {
  const clipboard = useClipboard()
  return (
    <div className={classes.copyable}>
      <code aria-label={props.label}>{props.text}</code>
      <Button
        size="xs"
        variant="default"
        onClick={() => {
          clipboard.copy(props.text)
        }}
      >
        {clipboard.copied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  )
}
