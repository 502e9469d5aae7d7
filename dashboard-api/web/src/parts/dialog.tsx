// A question in front of the page, and a sheet at its side.
import { Drawer, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './parts.module.css'

interface Props {
  open: boolean
  onClose: () => void
  title: ReactNode
  children: ReactNode
}

const CLOSE = { 'aria-label': 'Close' }
const AT_ONCE = { duration: 0 }

export function Dialog(props: Props) {
  return (
    <Modal
      opened={props.open}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={CLOSE}
      lockScroll={false}
      transitionProps={AT_ONCE}
      centered
    >
      <div className={classes.dialog}>{props.children}</div>
    </Modal>
  )
}

export function Sheet(props: Props) {
  return (
    <Drawer
      opened={props.open}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={CLOSE}
      lockScroll={false}
      transitionProps={AT_ONCE}
      position="right"
      size={560}
    >
      <div className={classes.dialog}>{props.children}</div>
    </Drawer>
  )
}

export function DialogButtons(props: { children: ReactNode }) {
  return <div className={classes.dialogButtons}>{props.children}</div>
}
