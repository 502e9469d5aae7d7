// Seats that are set apart, with reason and end.
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ANSWERS } from '../../api/keys'
import { endExemption, EXEMPTIONS, exemptionsQuery, type Exemption } from '../../api/settings'
import { useMay } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import { useAction } from '../../parts/use-action'
import { date, textOr } from '../../words/format'

export function Exemptions() {
  const query = useQuery(exemptionsQuery)
  return (
    <Panel title="Exemptions" aside={<Link to="/users">Choose seats on Users</Link>} flush>
      <Loaded query={query} label="the exemptions">
        {(exemptions) =>
          exemptions.length === 0 ? (
            <p className={parts.none}>
              No seat is exempt. Service accounts and break-glass accounts are the usual ones: choose them on
              Users and press Exempt.
            </p>
          ) : (
            <ExemptionTable exemptions={exemptions} />
          )
        }
      </Loaded>
    </Panel>
  )
}

function ExemptionTable({ exemptions }: { exemptions: Exemption[] }) {
  const mayChange = useMay('analyst')
  const end = useAction(endExemption, { refresh: [EXEMPTIONS, [ANSWERS]] })
  return (
    <>
      {end.error && <ActionProblem error={end.error} onDismiss={end.reset} />}
      <Table label="Exemptions">
        <thead>
          <tr>
            <th scope="col">Seat</th>
            <th scope="col">Reason</th>
            <th scope="col">Until</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {exemptions.map((exemption) => (
            <tr key={exemption.user_id}>
              <th scope="row">
                <Link to="/users/$userId" params={{ userId: exemption.user_id }}>
                  {textOr(exemption.name, exemption.user_id)}
                </Link>
              </th>
              <td>{exemption.reason}</td>
              <td>{exemption.until === null ? 'until ended' : date(exemption.until)}</td>
              <td>
                {mayChange && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`End the exemption of ${textOr(exemption.name, exemption.user_id)}`}
                    onClick={() => {
                      end.mutate(exemption.user_id)
                    }}
                  >
                    End
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
    </>
  )
}
