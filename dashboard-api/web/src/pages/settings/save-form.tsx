// A form of settings: its fields, its button, and what came of it. Those who may not change it read it.
import { Button } from '@mantine/core'
import type { ReactNode, SubmitEvent } from 'react'
import { ActionProblem } from '../../parts/action-problem'
import parts from '../../parts/parts.module.css'

interface Props {
  action: { isPending: boolean; isSuccess: boolean; error: Error | null; reset: () => void }
  onSave: () => void
  mayChange: boolean
  label?: string
  children: ReactNode
}

export function SaveForm({ action, onSave, mayChange, label = 'Save', children }: Props) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    onSave()
  }
  return (
    <form className={parts.form} onSubmit={submit} onChange={action.reset}>
      <fieldset className={parts.fieldset} disabled={!mayChange}>
        {children}
      </fieldset>
      {action.error && <ActionProblem error={action.error} onDismiss={action.reset} />}
      {mayChange && (
        <div className={parts.formButtons}>
          <Button type="submit" size="xs" loading={action.isPending}>
            {label}
          </Button>
          <span role="status">{action.isSuccess && 'Saved'}</span>
        </div>
      )}
    </form>
  )
}
