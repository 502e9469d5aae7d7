// Messages that could not be stored: kept, with the reason, until an administrator replays them.
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ANSWERS } from '../../api/keys'
import { PARKED, parkedQuery, replayParked, type ParkedMessage } from '../../api/sources'
import { ActionProblem } from '../../parts/action-problem'
import { EmptyState } from '../../parts/empty-state'
import { Hint } from '../../parts/hint'
import { Loaded } from '../../parts/loaded'
import { Notice } from '../../parts/notice'
import { Panel } from '../../parts/panel'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { useAction } from '../../parts/use-action'
import { datasetLabel } from '../../words/datasets'
import { count, instant, NO_FIGURE, plural } from '../../words/format'

export function Parked() {
  const query = useQuery(parkedQuery)
  return (
    <Loaded query={query} label="parked messages">
      {({ data, total }) =>
        total === 0 ? (
          <EmptyState title="Nothing is parked">
            <p>Every message that arrived is stored.</p>
          </EmptyState>
        ) : (
          <ParkedTable messages={data} total={total} />
        )
      }
    </Loaded>
  )
}

function ParkedTable({ messages, total }: { messages: ParkedMessage[]; total: number }) {
  const replay = useAction(replayParked, { refresh: [PARKED, [ANSWERS]] })
  return (
    <>
      {replay.data && (
        <Notice tone="good" title={`${plural(replay.data.replayed, 'message', 'messages')} replayed`} live="status" />
      )}
      {replay.error && <ActionProblem error={replay.error} onDismiss={replay.reset} />}
      <Panel
        title={<Hint of="parked">{plural(total, 'parked message', 'parked messages')}</Hint>}
        aside={
            <Button
              size="xs"
              variant="default"
              loading={replay.isPending}
              onClick={() => {
                replay.mutate({ all: true })
              }}
            >
              Replay all
            </Button>
        }
        flush
      >
        <Table label="Parked messages">
          <thead>
            <tr>
              <th scope="col">Parked</th>
              <th scope="col">Dataset</th>
              <th scope="col">Reason</th>
              <th scope="col" className={cells.numeric}>
                Attempts
              </th>
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {messages.map((message) => (
              <Row
                key={message.id}
                message={message}
                onReplay={() => {
                  replay.mutate({ ids: [message.id] })
                }}
              />
            ))}
          </tbody>
        </Table>
      </Panel>
    </>
  )
}

function Row(props: { message: ParkedMessage; onReplay: () => void }) {
  const { message } = props
  return (
    <tr>
      <th scope="row" className={cells.nowrap}>
        {instant(message.at)}
      </th>
      <td>{message.dataset === '' ? NO_FIGURE : datasetLabel(message.dataset)}</td>
      <td className={cells.reason}>{message.reason}</td>
      <td className={cells.numeric}>{count(message.attempts)}</td>
      <td>
        <Button size="compact-xs" variant="default" onClick={props.onReplay}>
          Replay
        </Button>
      </td>
    </tr>
  )
}
